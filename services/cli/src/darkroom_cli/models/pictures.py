"""Saves images with drawn results."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from darkroom.errors import DarkroomError
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.models.analysis import Analysed
from darkroom_vision.drawing.fonts import Fonts
from darkroom_vision.drawing.picture import draw

_FORMATS = (".png", ".jpg", ".jpeg", ".webp")
_MOST_SHOWN = 20


@dataclass(frozen=True)
class Pictures:
    """A file for one picture, or a folder for several.

    Attributes:
        taken: files that must not be overwritten: the images, and the pictures so far.
        fonts: the fonts of labels.
    """

    target: Path
    is_folder: bool
    taken: set[Path] = field(default_factory=set)
    fonts: Fonts = field(default_factory=Fonts)

    @classmethod
    def at(cls, target: Path, files: Sequence[Path]) -> "Pictures":
        """Pictures of `files` at `target`.

        Raises:
            InvalidInput: `target` is a file and there are several images, or its format is not supported.
        """
        is_folder = target.is_dir() or (not target.suffix and not target.is_file())
        images = {file.resolve() for file in files}
        if not is_folder:
            if len(files) > 1:
                raise InvalidInput(f"--draw {target}: there are {len(files)} images: name a folder")
            if target.suffix.lower() not in _FORMATS:
                raise InvalidInput(f"--draw {target}: a picture's name ends in {', '.join(_FORMATS)}")
            if target.resolve() in images:
                raise InvalidInput(f"--draw {target}: this is the image itself: name another file")
        return cls(target, is_folder, images)

    def save(self, analysed: Analysed) -> Path:
        """Draw and save one picture. Returns its path.

        Raises:
            DarkroomError: the picture can't be written.
        """
        path = self._free(analysed.file) if self.is_folder else self.target
        try:
            if self.is_folder:
                self.target.mkdir(parents=True, exist_ok=True)
            _save(draw(analysed.content, analysed.document, self.fonts), path)
        except OSError as error:
            raise DarkroomError(f"{path} can't be written: {error.strerror or error}") from error
        return path

    def problem(self) -> str | None:
        """What cannot be read in the pictures so far."""
        if not self.fonts.missing:
            return None
        shown = "".join(sorted(self.fonts.missing)[:_MOST_SHOWN])
        return (
            f"no font of this machine has all characters of a label ({shown}): they are drawn as escapes; install a "
            "font that has them, such as Noto Sans CJK"
        )

    def _free(self, file: Path) -> Path:
        number = 1
        path = self.target / f"{file.stem}.png"
        while path.resolve() in self.taken:
            number += 1
            path = self.target / f"{file.stem}-{number}.png"
        self.taken.add(path.resolve())
        return path


def _save(picture: Image.Image, path: Path) -> None:
    if path.suffix.lower() == ".png":
        picture.save(path)
    else:
        picture.save(path, quality=92)
