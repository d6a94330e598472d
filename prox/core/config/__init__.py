"""prox.yaml: text → frozen ``Config``, with all problems at once, each at its place (``configuration.md``).

model      the types: the single definition of what can stand in the file
document   YAML → nodes that know their place; one document over another
scalar_formats
           values that are written in a form of their own, and the short forms of longer ones
value_types
           what the values of a type look like in a document
read       nodes → the types
rules      what must hold within one section
check      what must hold over the whole file
parse      all of that: texts → a configuration and its problems
schema     the types → JSON Schema
dump       the types → what prox would read again
units      durations and sizes
"""
