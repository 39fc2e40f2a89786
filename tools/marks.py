"""What a tool makes of a document stands between two marks. Called by the tools; reads and writes no file."""

END = "<!-- end of what is made -->\n"


def between_marks(text, tool, made):
    """`text` with what stands between the marks of `tool` (the name of its file) replaced by `made`. ValueError without
    them."""
    begin = f"<!-- made by tools/{tool}.py -->\n"
    before, _, rest = text.partition(begin)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"the document has lost the marks of tools/{tool}.py")
    return before + begin + made + END + after
