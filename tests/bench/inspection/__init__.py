"""The figures of inspection: python -m tests.bench.inspection"""
