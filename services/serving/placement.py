"""Replicas as Ray Serve's configuration file asks for them: `services.serving.placement:build`.

deploy/serve.yaml and the chart name it. An application of its own for scoring or explaining is
the same code on other replicas, with a share of a GPU and an autoscaling of its own; gateway and
workers find it by the settings `scoring_application` and `explaining_application`.
"""

from pydantic import BaseModel, ConfigDict, Field
from ray import serve

from services.serving.deployment import application
from services.settings import settings


class Placement(BaseModel):
    """The arguments of one application."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_replicas: int = Field(default=1, ge=1)
    max_replicas: int = Field(default=1, ge=1)
    """As many as `min_replicas` means no autoscaling."""
    num_gpus: float = Field(default=0.0, ge=0)
    """The share of a GPU that each replica asks Ray for; without one it computes on the CPU,
    whatever the settings say, for Ray would show it GPUs that others have their shares of."""
    outstanding: float = Field(default=2.0, gt=0)
    """Outstanding calls a replica that autoscaling aims at; a call of Render is a whole batch."""


def build(args: Placement) -> serve.Application:
    """One application, by the settings of this process and the placement."""
    config = settings()
    placed = {
        "gpu_fraction": args.num_gpus,
        "inference_replicas": args.min_replicas,
        "device": config.device if args.num_gpus else "cpu",
    }
    config = config.model_copy(update=placed)
    if args.max_replicas <= args.min_replicas:
        return application(config)
    return application(config, autoscaling(args))


def autoscaling(args: Placement) -> dict[str, float]:
    """In Ray Serve's words."""
    return {
        "min_replicas": args.min_replicas,
        "max_replicas": args.max_replicas,
        "target_ongoing_requests": args.outstanding,
        "upscale_delay_s": 10.0,
        "downscale_delay_s": 300.0,
    }
