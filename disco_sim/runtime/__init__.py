"""What a task computes: shipped functions, inputs, partitions. Knows no cluster and no clock."""
