"""What nearhit costs, measured against what it should: `python -m benchmarks NAME`."""
