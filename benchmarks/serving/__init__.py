"""A generator of load, and servers beside which ``benchmarks/service.py`` measures ours."""
