"""Reading and writing: tables, JSON, images. The only place that turns paths into data."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from recohort.core.errors import NoAnswer, UnreadableError

if TYPE_CHECKING:
    import nibabel as nib
    import numpy as np
    import pandas as pd

NO_ESTIMATE = "no_estimate"
"""The only column of a table, and the only key of a JSON, that holds why an alternative has no result there."""


def read_rows(path: str | Path, *, delimiter: str = "\t") -> list[dict[str, str]]:
    """Read a table as a list of rows of text."""
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=delimiter))


def write_rows(path: str | Path, rows: list[dict], columns: list[str]) -> None:
    """Write rows as a TSV with these columns; a missing, None or NaN cell is empty."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, delimiter="\t", lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows({key: "" if value != value else value for key, value in row.items()} for row in rows)


def read_table(path: str | Path) -> "pd.DataFrame":
    """Read a TSV (``.tsv``) or CSV as a frame; empty and ``n/a`` cells are missing, identifiers stay text.

    Raises
    ------
    UnreadableError
        The file is missing, empty, or no table.
    NoAnswer
        It holds why there is none.
    """
    import pandas as pd

    separator = "\t" if Path(path).suffix == ".tsv" else ","
    try:
        table = pd.read_csv(
            path,
            sep=separator,
            dtype={"participant_id": str},
            keep_default_na=False,
            na_values=["", "n/a"],
            float_precision="round_trip",
        )
    except FileNotFoundError:
        raise UnreadableError(f"{path}: there is no such file") from None
    except pd.errors.EmptyDataError:
        raise UnreadableError(f"{path}: is empty, expected a table with a header") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path}: not readable as a table: {error}") from None
    if list(table.columns) == [NO_ESTIMATE] and len(table) == 1:
        raise NoAnswer(str(table[NO_ESTIMATE].iloc[0]))
    return table


def read_answer(path: str | Path) -> "pd.DataFrame | NoAnswer":
    """Read a table as `read_table` does; return why there is none where the file holds that."""
    try:
        return read_table(path)
    except NoAnswer as error:
        return error


def write_no_answer(sentence: str, path: str | Path) -> None:
    """Write why there is no result in its place: a TSV or a JSON says it, what cannot hold words is empty."""
    path = Path(path)
    if path.suffix == ".tsv":
        write_rows(path, [{NO_ESTIMATE: sentence}], [NO_ESTIMATE])
    elif path.suffix == ".json":
        write_json({NO_ESTIMATE: sentence}, path)
    else:
        path.write_bytes(b"")


def write_table(frame: "pd.DataFrame", path: str | Path) -> None:
    """Write a frame as TSV, full precision, missing cells empty."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, sep="\t", index=False, lineterminator="\n")


def read_results(paths: Iterable[str | Path], *roots: str | Path) -> "dict[str, pd.DataFrame | dict]":
    """Read results by name, the path below the first root that fits, no ending; tables as frames, JSON as it is."""
    named = {}
    for path in map(Path, paths):
        root = next(root for root in roots if path.is_relative_to(root))
        named[path.relative_to(root).with_suffix("").as_posix()] = path
    return {name: _read_result(path) for name, path in named.items()}


def _read_result(path: Path) -> "pd.DataFrame | dict":
    import pandas as pd

    if path.suffix == ".json":
        return read_json(path)
    return read_table(path) if path.stat().st_size > 1 else pd.DataFrame()  # the curve of a kind that draws none


def read_json(path: str | Path) -> dict:
    """Read one JSON file.

    Raises
    ------
    UnreadableError
        The file is missing or no JSON.
    NoAnswer
        It holds why there is none.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UnreadableError(f"{path}: there is no such file") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path}: not readable as JSON: {error}") from None
    if isinstance(content, dict) and list(content) == [NO_ESTIMATE]:
        raise NoAnswer(content[NO_ESTIMATE])
    return content


def write_json(content: object, path: str | Path) -> None:
    """Write JSON with sorted keys, so that equal content is equal bytes."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    Path(path).write_text(text + "\n", encoding="utf-8")


def read_image(path: str | Path) -> "tuple[np.ndarray, np.ndarray]":
    """Read a NIfTI image.

    Returns
    -------
    data : ndarray of float32
        Scaled values.
    affine : ndarray, shape (4, 4)
        Voxel indices to millimetres.

    Raises
    ------
    UnreadableError
        The file is missing, truncated or no NIfTI.
    """
    import nibabel as nib
    import numpy as np

    try:
        image = nib.load(path)
        return np.asarray(image.get_fdata(dtype=np.float32, caching="unchanged")), image.affine
    except FileNotFoundError:
        raise UnreadableError(f"{path}: there is no such file") from None
    except (nib.filebasedimages.ImageFileError, OSError, EOFError, ValueError) as error:
        raise UnreadableError(f"{path}: not readable as NIfTI, it may be truncated ({_first_line(error)})") from None


def open_image(path: Path) -> "nib.Nifti1Image":
    """Open an image without reading its voxels, and see that it is all there.

    Raises
    ------
    UnreadableError
        The file is no NIfTI, or holds fewer bytes than its header promises.
    """
    import gzip

    import nibabel as nib
    import numpy as np

    try:
        image = nib.load(path)
    except (nib.filebasedimages.ImageFileError, OSError, EOFError, ValueError, gzip.BadGzipFile):
        raise UnreadableError(f"{path}: not readable as NIfTI, it may be truncated") from None
    expected = image.dataobj.offset + image.header.get_data_dtype().itemsize * int(np.prod(image.shape))
    found = _bytes_inside(path)
    if found != expected % 2**32:
        raise UnreadableError(f"{path}: holds {found} bytes, its header promises {expected}: the file is truncated")
    return image


def write_image(data: "np.ndarray", affine: "np.ndarray", path: str | Path, sidecar: dict | None = None) -> None:
    """Write a NIfTI image, and its JSON sidecar beside it; equal data gives equal bytes."""
    import nibabel as nib

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(data, affine)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    if sidecar is not None:
        write_json(sidecar, sidecar_of(path))


def sidecar_of(path: Path) -> Path:
    """Return the path of an image's JSON sidecar."""
    return path.with_name(path.name.removesuffix(".gz").removesuffix(".nii") + ".json")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _bytes_inside(path: Path) -> int:
    """Return the size of the uncompressed file modulo 2^32, which is what a gzip file ends with (RFC 1952)."""
    if path.suffix != ".gz":
        return path.stat().st_size % 2**32
    with open(path, "rb") as stream:
        stream.seek(-4, 2)
        return int.from_bytes(stream.read(4), "little")
