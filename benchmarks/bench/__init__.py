"""The benchmarks' parts. `benchmarks/run` is the program; its README says how it measures."""
