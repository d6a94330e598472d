"""The terminal UI: a client of the API, drawn by Textual. Its models know neither Textual nor the network.

records      the API's objects, decoded
line_store   the log lines in memory, shared by all views
line_index   the lines of a store that a view shows or a search finds, block by block
queries      the text of a filter or of a search → a pattern
log_view     the model of the log pane: selection, filter, find, follow, cursor, folding
rows         a line → rows of the screen: wrapped, with name and time
state        processes, requests and connection, as the stream tells them
keys         the table of commands and keys, with the user's own
feed         the event stream, read in a thread and reconnected
clipboard    copying: OSC 52 and the platform's tool
strips       styled text as rows of the screen
log_pane, list_pane, prompt, window
             the widgets, which draw the models
actions      requests to the API, each in a thread; commands: what keys do; app: all of it together
lists        the contents of the lists; history: lines that only the log files have
accessible   the same without drawing: lines in, lines out
"""
