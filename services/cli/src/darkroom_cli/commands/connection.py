"""The options that say which ingestion service a command uses, for all commands that use it."""

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any

import typer

from darkroom_cli.client.target import ClusterTarget, Target, UrlTarget
from darkroom_cli.exit_codes import InvalidInput

DEFAULT_URL = "http://127.0.0.1:8080"
URL_VARIABLE = "DARKROOM_URL"
PLUGIN = "kubectl darkroom"
"""The name under which the program is a plugin of kubectl."""

Url = Annotated[
    str | None,
    typer.Option(
        help=f"URL of the ingestion service, as printed by `darkroom up`. By default that in {URL_VARIABLE}, else "
        f"{DEFAULT_URL}.",
        show_default=False,
    ),
]
Context = Annotated[
    str | None,
    typer.Option(
        "--context",
        help="Use the ingestion service of the Kubernetes cluster of this context of the kubeconfig, by port-forward.",
        show_default=False,
    ),
]
Namespace = Annotated[
    str | None,
    typer.Option(
        "--namespace",
        "-n",
        help="Use the ingestion service of the Kubernetes cluster, for the pipelines of this namespace.",
        show_default=False,
    ),
]
ServiceNamespace = Annotated[
    str | None,
    typer.Option(
        help="Namespace of the ingestion service in the cluster. By default, all namespaces are searched.",
        show_default=False,
    ),
]
_OPTIONS = {"url": Url, "kube_context": Context, "namespace": Namespace, "service_namespace": ServiceNamespace}


@dataclass(frozen=True)
class Connection:
    """The values of the options."""

    url: str | None = None
    kube_context: str | None = None
    namespace: str | None = None
    service_namespace: str | None = None
    plugin: bool = False

    @property
    def is_given(self) -> bool:
        """Whether the user has named a service or a cluster, instead of leaving it to the default."""
        named = (self.url, self.kube_context, self.namespace, self.service_namespace)
        return self.plugin or any(value is not None for value in named)

    def target(self) -> Target:
        """The service to use.

        Raises:
            InvalidInput: options for a cluster and a URL are given.
        """
        in_cluster = {
            "--context": self.kube_context,
            "-n": self.namespace,
            "--service-namespace": self.service_namespace,
        }
        given = [option for option, value in in_cluster.items() if value is not None]
        if self.url is not None and given:
            raise InvalidInput(f"--url and {given[0]} name two services: use one of them")
        if self.url is None and (given or self.plugin):
            return ClusterTarget(self.kube_context, self.namespace, self.service_namespace)
        return UrlTarget(self.url or os.environ.get(URL_VARIABLE) or DEFAULT_URL)


def connects(command: Callable[..., None]) -> Callable[..., None]:
    """Replace the parameter `connection` of a command by the options that it is made of."""
    signature = inspect.signature(command)
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [one.replace(kind=keyword) for one in signature.parameters.values() if one.name != "connection"]
    wants_context = any(one.annotation is typer.Context for one in own)
    options = [inspect.Parameter(name, keyword, default=None, annotation=kind) for name, kind in _OPTIONS.items()]
    if not wants_context:
        options.append(inspect.Parameter("context", keyword, annotation=typer.Context))

    @wraps(command)
    def run(*, context: typer.Context, **arguments: Any) -> None:
        given = {name: arguments.pop(name) for name in _OPTIONS}
        if wants_context:
            arguments["context"] = context
        plugin = context.find_root().info_name == PLUGIN
        command(**arguments, connection=Connection(**given, plugin=plugin))

    run.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in (*own, *options)}
    return run
