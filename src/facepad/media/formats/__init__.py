"""The picture formats: what each file says of itself before its pixels are decoded."""
