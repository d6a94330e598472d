"""The log pipeline's decisions: bytes → lines, batches, rings, filters.

lines   chunks of bytes → whole lines, whatever way the bytes were split
batch   the record of the pipeline: many lines of one stream that came at one time
ring    the newest lines of one process, bounded by lines and bytes
query   which lines somebody asked for
"""
