"""What `import disco` gives once disco_sim.compat is installed: Disco 0.5's package, on a simulated cluster."""
