"""The live application: judge the picture of a camera while it is shown.

It is shown in the browser, in a window, or not at all.
"""
