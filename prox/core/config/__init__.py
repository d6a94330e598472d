"""prox.yaml: text → frozen ``Config``, with every problem and its position.

model      the types: the single definition of the file's structure
document   YAML → nodes with positions; merging of documents
scalar_formats
           formats of values such as durations, and the short forms of mappings
value_types
           which nodes a type accepts, and how messages describe it
read       nodes → the types
rules      constraints within one section
check      constraints across the file
parse      all of these steps: texts → a configuration and its problems
schema     the types → JSON Schema
dump       a configuration → YAML that reads the same
units      durations and sizes
"""
