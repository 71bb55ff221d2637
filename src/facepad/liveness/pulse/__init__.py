"""Liveness test: does the colour of the skin change with a pulse?"""
