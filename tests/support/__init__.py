"""Helpers of the tests, each in the module that its name says."""
