"""Write what is generated from the models: the CRD in the chart."""

from pathlib import Path

from darkroom.crd import crd_yaml

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Write every generated file, and say which."""
    path = ROOT / "charts" / "darkroom" / "crds" / "imagepipelines.darkroom.dev.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(crd_yaml(), encoding="utf-8")
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
