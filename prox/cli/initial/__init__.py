"""A first prox.yaml out of what a project has already.

found         what a file of the project says of how it is run, and how such files are read
procfile      Procfile.dev and Procfile, as foreman reads them
package_json  the scripts of package.json
starter       what was found → the text of prox.yaml

Counterpart of ``cli.init``, the command.
"""
