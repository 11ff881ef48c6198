"""Nothing that identifies a person comes out; what would is refused and nothing is left behind."""

import json

import dicoms
import nibabel as nib
import numpy as np
import pytest
from dicoms import DCE, SALT, T1W
from pydicom.dataset import Dataset

from recohort.core.errors import InputError
from recohort.dicom.dataset import search
from recohort.dicom.identity import Identifiers

SECRETS = ["plantedname", "nóra", "nora", "hosp778899", "19570314", "1957-03-14", "20230405", "2023-04-05", "20230512"]
SECRETS += [
    "charity",
    "main street",
    "acc55501",
    "mrstation3",
    "412345",
    "grey",
    "meredith",
    "s9911",
    "2.25.",
    "1.2.826",
]


def everything(folder) -> str:
    """All that a reader of the dataset can read, images uncompressed."""
    said = []
    for path in sorted(folder.rglob("*")):
        said.append(str(path.relative_to(folder)))
        if path.name.endswith(".nii.gz"):
            said.append(nib.load(path).header.binaryblock.decode("latin-1"))
        elif path.is_file():
            said.append(path.read_text())
    return "\n".join(said).casefold()


def two_sessions(folder):
    for day in ("20230405", "20230512"):
        dicoms.dynamic(folder / day, [0, 5, 10], told=["AcquisitionTime"], StudyDate=day, private="Nora Plantedname")
    dicoms.dynamic(folder / "other", [0, 5, 10], told=["AcquisitionTime"], PatientID="B12", PatientName="Doe^Jane")
    dicoms.dynamic(
        folder / "later",
        [0, 5, 10],
        told=["AcquisitionTime"],
        PatientID="B12",
        PatientName="Doe^Jane",
        StudyDate="20230406",
    )


def test_no_identifier_survives_not_even_from_a_private_element(tmp_path, convert):
    two_sessions(tmp_path / "dicom" / "Plantedname Nora")
    status, made, said, wrong = convert(
        DCE, sessions=["pre", "post"], interval=True, participants=SALT | {"columns": ["age", "sex"]}
    )
    assert (status, wrong) == (0, "")
    text = everything(made)
    assert [secret for secret in SECRETS if secret in text] == []
    assert [secret for secret in SECRETS if secret in said.replace(str(tmp_path), "").casefold()] == []
    people = (made / "participants.tsv").read_text().splitlines()
    assert people == ["participant_id\tage\tsex", "sub-001\t66\tF", "sub-002\t66\tF"]
    days = sorted((made / f"sub-00{n}" / f"sub-00{n}_sessions.tsv").read_text() for n in (1, 2))
    assert days == [f"session_id\tdays\nses-pre\t0\nses-post\t{since}\n" for since in (1, 37)]
    assert json.loads((made / "participants.json").read_text())["age"]["Units"] == "year"


@pytest.mark.parametrize(
    "planted",
    [
        "t1 PLANTEDNAME",
        "t1 nora_p",
        "t1 HOSP 778899",
        "t1 14.03.1957",
        "t1_20230405",
        "t1 charity-hospital westend",
        "t1 grey",
    ],
)
def test_a_description_that_names_someone_is_refused_and_nothing_is_left(tmp_path, convert, planted):
    dicoms.volume(tmp_path / "dicom", SeriesDescription=planted)
    status, made, _, said = convert(T1W)
    assert status == 2
    assert said.startswith("sub-001/anat/sub-001_T1w.json, SeriesDescription: holds a")
    assert said.count("\n") == 1
    assert planted.split()[-1].casefold() not in said.casefold()
    assert list((tmp_path / "data").rglob("*")) == []
    status, made, _, said = convert(T1W, omit=["SeriesDescription"])
    assert (status, said) == (0, "")
    assert planted.casefold() not in everything(made)


def test_a_uid_in_a_protocol_is_refused(tmp_path, convert):
    study = dicoms.uid("study", dicoms.NORA["PatientID"], "20230405")
    dicoms.volume(tmp_path / "dicom", SeriesDescription="t1", ProtocolName=f"as {study}"[:64])
    assert "ProtocolName: holds a UID" in convert(T1W)[3]


def test_a_word_can_be_declared_harmless(tmp_path, convert):
    dicoms.volume(tmp_path / "dicom", SeriesDescription="t1", OperatorsName="Siemens^Werner")
    assert "Manufacturer: holds a person's name" in convert(T1W)[3]
    assert convert(T1W, harmless=["siemens"])[0] == 0


def test_the_header_of_an_image_is_searched(tmp_path):
    """The writer leaves it empty, so it is planted here."""
    image = nib.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4))
    image.header["aux_file"] = b"for Plantedname"
    (tmp_path / "sub-001").mkdir()
    nib.save(image, tmp_path / "sub-001" / "sub-001_T1w.nii.gz")
    known = Identifiers()
    known.collect(Dataset())
    search(tmp_path, known, [])
    header = Dataset()
    header.PatientName = "Plantedname^Nora"
    known.collect(header)
    with pytest.raises(InputError, match="NIfTI header: holds a person's name"):
        search(tmp_path, known, [])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("scan of DOE", "a person's name"),
        ("doe2", "a person's name"),
        ("does nothing", None),
        ("johndoe", "a person's name"),
        ("id 0042", "a patient's ID"),
        ("id 10042", None),
        ("born 3/14/1957", None),
        ("born 03/14/1957", "a date"),
        ("19570314101112", "a date"),
        ("0.19570314", "a date"),
        ("1.2.840.10008.1.2.1", None),
        ("v1.2", None),
        ("", None),
    ],
)
def test_what_stands_in_a_text(text, what):
    header = Dataset()
    header.PatientName, header.PatientID, header.PatientBirthDate = "Doe^John", "0042", "19570314"
    header.SOPClassUID = "1.2.840.10008.1.2.1"
    known = Identifiers()
    known.collect(header)
    assert known.found_in(text) == what


def test_burned_in_text_is_left_out(tmp_path, convert):
    dicoms.volume(tmp_path / "dicom" / "a", SeriesDescription="t1")
    dicoms.volume(tmp_path / "dicom" / "b", SeriesNumber=6, SeriesDescription="t1", BurnedInAnnotation="YES")
    status, _, said, _ = convert(T1W)
    assert status == 0
    assert "1 x left out: its header says that text is burned into the image" in said


def test_a_participant_called_by_the_patients_id_is_refused(tmp_path, convert):
    dicoms.volume(tmp_path / "dicom", SeriesDescription="t1")
    (tmp_path / "who.csv").write_text("PatientID,participant_id\nHOSP778899,sub-hosp778899\n")
    status, _, _, said = convert(T1W, participants={"table": "who.csv"})
    assert status == 2
    assert "line 2: participant_id holds the PatientID" in said
