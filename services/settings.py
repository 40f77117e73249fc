"""Settings of every service: the only reader of the environment (variables DIRECTRIX_*)."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One value a variable: `gateway_port` is DIRECTRIX_GATEWAY_PORT."""

    model_config = SettingsConfigDict(env_prefix="DIRECTRIX_", frozen=True, extra="ignore")

    project: str = "default"
    """The tenant of the open loopback mode."""

    gateway_host: str = "127.0.0.1"
    gateway_port: int = 50051
    gateway_certificate: Path | None = None
    """PEM chain that the gateway shows to callers; with `gateway_key` it speaks TLS. Both are read
    again when they change."""
    gateway_key: Path | None = None
    gateway_client_ca: Path | None = None
    """PEM of the authorities whose client certificates are wanted of every caller (mTLS)."""
    gateway_admin_host: str = "127.0.0.1"
    gateway_admin_port: int = 50052
    """With authentication, calls that need the scope `admin` are answered at this port only."""
    gateway_health_port: int | None = None
    """Without TLS and with the health service only: for probes that have no certificate."""
    reflection: bool | None = None
    """Whether the API describes itself to anybody; unset means in the open mode only."""

    access_keys: Path | None = None
    """JSON file of API keys, made by `python -m services.admin keys`."""
    access_clients: Path | None = None
    """JSON file: {"clients": {NAME IN THE CERTIFICATE: {PROJECT: [SCOPE, ...]}}}."""
    token_keys: Path | None = None
    """JWKS file of the keys that bearer tokens are signed with."""
    token_issuer: str = ""
    token_audience: str = ""
    token_leeway_seconds: float = Field(default=30.0, ge=0, le=300)
    token_claim: str = "directrix_projects"
    """The claim that holds {PROJECT: [SCOPE, ...]}."""
    limits_file: Path | None = None
    """JSON file of what projects may ask for; see docs/access.md."""
    limits_storage: Literal["memory", "redis"] = "memory"
    """Where it is counted: in each gateway, or for all gateways at once."""

    gateway_reuse_port: bool = False
    """Whether other gateways may listen on the same ports of this machine, and share the calls: one
    of them can be replaced while the others answer."""
    hold_seconds: float = Field(default=30.0, ge=0)
    """An accepted call whose replica goes away waits so long for another one, within its deadline.
    """

    max_message_bytes: int = 16 * 1024 * 1024
    """Largest request; larger ones are refused before they are read."""
    page_token_secret: SecretStr = SecretStr("")
    """Seals page tokens; empty means one drawn at start."""

    inference_target: str = "127.0.0.1:50061"
    """Where replicas listen: Ray Serve's gRPC ingress or the plain server."""
    inference_application: str = "inference"
    """The Ray Serve application that calls name in their metadata."""
    scoring_application: str = ""
    """Where pictures are only scored, if elsewhere; empty means the same application."""
    explaining_application: str = ""
    """Where explanations and inversions are computed, if elsewhere."""
    inference_secret: SecretStr = SecretStr("")
    """Every internal call carries it; replicas refuse calls without it."""
    inference_replicas: int = Field(default=1, ge=1)
    """How many replicas there are: gateway and worker keep one call more in flight. The stack of
    one machine starts one a core where this is not set."""
    searches: int = Field(default=1, ge=1, le=16)
    """Explanations or inversions that a replica works at, at once; a gateway sends it no more
    explanations. On a CPU two would share a core, and both end later; with a GPU try two."""
    batch_images: int = Field(default=16, ge=1, le=64)
    """Images a batch at most."""
    queue_images: int = Field(default=512, ge=1)
    """Images that may wait at the gateway; more is refused with QUEUE_FULL."""

    store_kind: Literal["s3", "folder", "memory"] = "s3"
    store_endpoint: str = "127.0.0.1:8333"
    store_secure: bool = False
    store_bucket: str = "directrix"
    store_access_key: SecretStr = SecretStr("")
    store_secret_key: SecretStr = SecretStr("")
    store_folder: Path = Path("build/store")

    remote_predictors: dict[str, str] = {}
    """Where predictors of other services are, as JSON: alias -> host:port, or with TLS
    grpcs://host:port. Cards name aliases, never addresses."""
    remote_seconds: float = Field(default=5.0, gt=0, le=60)
    """What one call to such a service may take, all attempts together."""
    remote_roots: Path | None = None
    """A PEM file of the authorities that vouch for them; without it, the system's own."""

    redis_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    queue: str = "directrix"
    """Name of the Celery queue."""
    lease_seconds: float = Field(default=15.0, gt=0)
    """A worker that has not renewed its lease for this long has lost the job."""
    reconcile_seconds: float = Field(default=5.0, gt=0)
    """How often jobs without a live lease are looked for."""
    step_seconds: float = Field(default=30.0, gt=0)
    """A worker hands a job over after this long, at the next whole unit of work."""
    job_days: float = Field(default=30.0, gt=0)
    """Jobs are forgotten so long after their end; what they found stays."""
    garbage_hours: float = Field(default=24.0, gt=0)
    """Stored content is taken away when nothing has pointed to it for so long."""
    janitor_seconds: float = Field(default=3600.0, gt=0)
    """How often a worker looks for what nobody needs."""
    janitor_dry: bool = False
    """Whether it only tells."""
    worker_scoring: Literal["replicas", "own"] = "replicas"
    """Who scores populations and scorecards: the replicas, or each worker on its own device."""
    worker_heartbeat: str = ""
    """A file that a worker touches every five seconds, for whoever watches it; empty: none."""

    device: str = "cpu"
    """"cpu", "cuda", "cuda:1", "mps", or "auto": CUDA where torch sees a GPU, else the CPU."""
    threads: int = Field(default=1, ge=1)
    """torch threads a process."""
    gpu_fraction: float = Field(default=0.0, ge=0)
    """What a replica asks Ray for."""
    serve_file: Path | None = None
    """A configuration file of Ray Serve (deploy/serve.yaml) whose applications the Ray of one
    machine runs in place of one for everything; where it listens, these settings say."""
    serve_gpus: int | None = Field(default=None, ge=0)
    """GPUs that the Ray of one machine counts on; unset: as many as it finds."""
    trail: Literal["off", "on", "required"] = "on"
    """The audit trail; "required": acts are refused while too many records wait for the store."""
    trail_key_file: Path | None = None
    """A private key of Ed25519 in PEM, with which heads of the trail are signed."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Where this process shows its metrics to Prometheus; unset: nowhere; 0: any free port."""
    metrics_host: str = "127.0.0.1"
    """Only a network that nobody else reaches is a place for anything but loopback."""
    traces_endpoint: str = ""
    """Where spans go: a collector of OTLP over gRPC, "http://127.0.0.1:4317"; empty: nowhere."""
    traces_ratio: float = Field(default=1.0, ge=0, le=1)
    """The share of traces that is kept; a caller that traces decides for itself."""

    stack_store: Literal["seaweedfs", "minio"] = "seaweedfs"
    """Which object store `services.stack` starts."""
    stack_workers: int = Field(default=1, ge=1, le=64)
    """How many workers `services.stack` starts."""
    stack_gateways: int = Field(default=1, ge=1, le=8)
    """Gateways of a stack, at one port: while one of them is replaced the others answer."""
    stack_detour: str = ""
    """Where the services of a stack reach its store, "host:port", if not at its own port."""
    stack_delay: float = Field(default=30.0, gt=0)
    """Seconds before a part of a stack that dies again and again comes back, at most."""
    stack_patience: float = Field(default=120.0, gt=0)
    """Seconds within which every part of a stack must become ready at its first start."""
    model_cache: int = Field(default=4, ge=1)
    """Models that a replica keeps in memory."""


@lru_cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
