"""Training of the volumetric reconstruction: face model, renders, decoder."""
