"""Generate a first prox.yaml from the files of a project.

found         the commands that a project file defines, and how such a file is read
procfile      Procfile.dev and Procfile, as foreman reads them
package_json  the scripts of package.json
starter       the commands found → the text of prox.yaml

``cli.init`` is the command.
"""
