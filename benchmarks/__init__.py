"""Speed and memory, measured: ours and the programs that people would use instead."""
