"""The options that say which ingestion service a command uses, and with which token, for all commands that use it."""

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from darkroom_cli.client.target import AUDIENCE, ClusterTarget, ServiceAccount, Target, UrlTarget
from darkroom_cli.client.tokens import GivenToken, TokenFile, TokenSource
from darkroom_cli.exit_codes import InvalidInput

DEFAULT_URL = "http://127.0.0.1:8080"
URL_VARIABLE = "DARKROOM_URL"
TOKEN_VARIABLE = "DARKROOM_TOKEN"  # noqa: S105 - its name
TOKEN_FILE_VARIABLE = "DARKROOM_TOKEN_FILE"  # noqa: S105 - its name
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
TokenFileOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help="File with the bearer token for the ingestion service. By default the token in "
        "DARKROOM_TOKEN, else the file in DARKROOM_TOKEN_FILE.",
        show_default=False,
    ),
]
ServiceAccountOption = Annotated[
    str | None,
    typer.Option(
        "--service-account",
        metavar="[NAMESPACE/]NAME",
        help="In a cluster: make short-lived tokens for this service account, with the rights of the kubeconfig.",
        show_default=False,
    ),
]
TokenAudience = Annotated[
    str | None,
    typer.Option(
        help="Audience of the tokens of --service-account, as in `ingestion.access.audience` of the chart; by default "
        f"{AUDIENCE}.",
        show_default=False,
    ),
]
InsecureHttp = Annotated[
    bool | None,
    typer.Option("--insecure-http", help="Send the token also over plain HTTP to another machine.", show_default=False),
]
_OPTIONS = {
    "url": Url,
    "kube_context": Context,
    "namespace": Namespace,
    "service_namespace": ServiceNamespace,
    "token_file": TokenFileOption,
    "service_account": ServiceAccountOption,
    "token_audience": TokenAudience,
    "insecure_http": InsecureHttp,
}


@dataclass(frozen=True)
class Connection:
    """The values of the options."""

    url: str | None = None
    kube_context: str | None = None
    namespace: str | None = None
    service_namespace: str | None = None
    token_file: Path | None = None
    service_account: str | None = None
    token_audience: str | None = None
    insecure_http: bool | None = None
    plugin: bool = False

    @property
    def is_given(self) -> bool:
        """Whether the user has named a service or a cluster, instead of leaving it to the default."""
        named = (self.url, self.kube_context, self.namespace, self.service_namespace, self.service_account)
        return self.plugin or any(value is not None for value in named)

    def target(self) -> Target:
        """The service to use, and the source of tokens for it.

        Raises:
            InvalidInput: options contradict each other.
        """
        in_cluster = {
            "--context": self.kube_context,
            "-n": self.namespace,
            "--service-namespace": self.service_namespace,
            "--service-account": self.service_account,
        }
        given = [option for option, value in in_cluster.items() if value is not None]
        if self.url is not None and given:
            raise InvalidInput(f"--url and {given[0]} name two services: use one of them")
        if self.token_audience is not None and self.service_account is None:
            raise InvalidInput("--token-audience is for the tokens of --service-account: give that too")
        if self.url is None and (given or self.plugin):
            credential = self._service_account() or self._tokens()
            return ClusterTarget(self.kube_context, self.namespace, self.service_namespace, credential)
        url = self.url or os.environ.get(URL_VARIABLE) or DEFAULT_URL
        return UrlTarget(url, self._tokens(), insecure=bool(self.insecure_http))

    def _service_account(self) -> ServiceAccount | None:
        if self.service_account is None:
            return None
        if self.token_file is not None:
            raise InvalidInput("--token-file and --service-account name two tokens: use one of them")
        namespace, _, name = self.service_account.rpartition("/")
        if not name or "/" in namespace:
            raise InvalidInput(f"--service-account {self.service_account}: write it as [NAMESPACE/]NAME")
        return ServiceAccount(name, namespace or None, self.token_audience or AUDIENCE)

    def _tokens(self) -> TokenSource | None:
        if self.token_file is not None:
            return TokenFile(self.token_file)
        if token := os.environ.get(TOKEN_VARIABLE):
            return GivenToken(token, f"the variable {TOKEN_VARIABLE}")
        if path := os.environ.get(TOKEN_FILE_VARIABLE):
            return TokenFile(Path(path))
        return None


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
