"""`make diagram`: a picture of a stack, what comes in, where it goes and what runs there, as SVG and for Mermaid."""
