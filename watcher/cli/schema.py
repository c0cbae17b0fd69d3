"""``watcher schema``: what editors need to help with config.yaml."""

import argparse

_DESCRIPTION = """\
Prints the JSON Schema (draft 2020-12) of config.yaml. Write it beside the file,

    watcher schema > config.schema.json

and editors that know YAML explain every key and mark mistakes, by this line at the top of config.yaml:

    # yaml-language-server: $schema=config.schema.json
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and its arguments."""
    subparsers.add_parser(
        "schema",
        help="the JSON Schema of config.yaml, for editors",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def run(args: argparse.Namespace) -> int:
    """Prints the schema."""
    import json

    from watcher import config

    print(json.dumps(config.schema(), indent=2, ensure_ascii=False))
    return 0
