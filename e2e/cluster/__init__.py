"""A real cluster on a bare machine: kind, with the published node image or one that is built here."""
