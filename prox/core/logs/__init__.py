"""The pure part of the log pipeline: bytes → lines, batches, rings, filters.

lines   chunks of bytes → lines, independent of the chunks
batch   consecutive lines of one read, the unit of the pipeline
ring    the newest lines of one process, bounded by lines and bytes
query   filters, and selection of the newest lines
"""
