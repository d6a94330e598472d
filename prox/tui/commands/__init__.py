"""The commands of the keys table, carried out on the models and panes of the window."""
