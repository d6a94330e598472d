"""`prox certs`: show, regenerate or trust the proxy's certificate and authority."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from prox.cli.output import is_terminal, print_json, say, warn
from prox.cli.project import load_project
from prox.core.errors import NoProxy


@click.command("certs")
@click.option("--regenerate", is_flag=True, help="Make the certificate again.")
@click.option("--trust", "trusts", is_flag=True, help="Add the authority to the stores of the system and its browsers.")
@click.option("--yes", is_flag=True, help="With --trust: do not ask first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def certs(regenerate: bool, trusts: bool, yes: bool, as_json: bool) -> int:
    """Show the certificate of the proxy's domain and its authority."""
    config = load_project()
    if config.proxy is None:
        raise NoProxy("no proxy in prox.yaml: set proxy.domain")
    from prox.proxy.certificates import ensure, load

    found = ensure(config, regenerate=regenerate) if regenerate or trusts else load(config)
    if found is None:
        say("no certificate yet; `prox up` makes it if proxy.https_port is set, `prox certs --regenerate` makes it now")
        return 0
    if as_json:
        print_json(
            {
                "certificate": str(found.file),
                "key": str(found.key),
                "authority": str(found.authority),
                "by_mkcert": found.by_mkcert,
                "expires": found.expires.isoformat(),
                "names": list(found.names),
            }
        )
    else:
        say(f"certificate  {found.file}")
        say(f"key          {found.key}")
        say(f"authority    {found.authority}{' (mkcert)' if found.by_mkcert else ''}")
        say(f"expires      {found.expires:%Y-%m-%d}")
        say(f"names        {', '.join(found.names)}")
    return _trust(found.authority, yes=yes) if trusts else 0


def _trust(authority: Path, *, yes: bool) -> int:
    from prox.proxy.trust import trust

    say("this adds the authority to the trust stores of this system and its browsers; anyone with its key")
    say("could then make certificates that are trusted here; only you can read the key")
    if not yes:
        if not is_terminal(sys.stdin):
            warn("cannot ask for confirmation without a terminal; pass --yes")
            return 64
        if not click.confirm("trust it?"):
            return 1
    steps = trust(authority, Path.home())
    for step in steps:
        say(f"{'done  ' if step.ok else 'FAILED'}  {step.what}{': ' + step.why if step.why else ''}")
    return 0 if all(step.ok for step in steps) else 1
