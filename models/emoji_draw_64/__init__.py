"""A small text-to-image model: everyday things at 64 x 64, on white, in the colour asked for."""
