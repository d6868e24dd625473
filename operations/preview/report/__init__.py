"""The report of a preview: one document, written as Markdown, as an HTML page, as JSON and for a terminal."""
