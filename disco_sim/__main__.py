"""`python -m disco_sim` is the command `disco-sim`."""

from disco_sim.cli import main

if __name__ == "__main__":
    main(prog_name="disco-sim")
