"""What is printed for a count that a table or a figure makes from patients' rows."""

from collections.abc import Mapping

from recohort.disclosure.people import some_of, whom


class Counted:
    """Says what stands for a count; called ``counted(n, cohort, *conditions)``.

    Parameters
    ----------
    plan : mapping
        Of `plan.plan`.

    Examples
    --------
    >>> counted = Counted({"minimum_count": 5, "zeros": "shown", "round_to": None, "shown": {"cohort/matched": "[c]"}})
    >>> counted(64, "matched"), counted(20, "matched", "sex=F"), counted(3, "matched", "sex=M")
    ('[c]', 20, '<5')
    """

    def __init__(self, plan: Mapping[str, object]):
        self._plan = plan
        self._among: Mapping[str, object] | None = None

    def of(self, entry: Mapping[str, object]) -> None:
        """From now on count those that a table or a figure is among."""
        self._among = entry.get("among")

    def __call__(self, n: int, cohort: str, *conditions: str) -> int | str:
        """Return the number that is printed, or the word in its place."""
        text = self._plan["shown"].get(whom(some_of(cohort, self._among), *conditions))
        if text is not None:
            return text
        least, minimum = (0 if self._plan["zeros"] == "hidden" else 1), self._plan["minimum_count"]
        if least <= n < minimum:
            return f"<{minimum}"
        step = self._plan["round_to"]
        return n if step is None else (n + step // 2) // step * step

    def maps(self, status: str, n: int) -> int | str:
        """Return what is printed for the number of images with a status."""
        text = self._plan["shown"].get(f"images|{status}")
        return self(n, "images") if text is None else text

    def touches(self, cohort: str, group: str, column: str, level: object = None) -> bool:
        """Return whether a group, or a count of a column in it, is withheld; of all the column's levels or of one."""
        asked = f"{column}=" if level is None else f"{column}={level}"
        whole, *among = whom(cohort).split("|")
        for name, text in self._plan["shown"].items():
            head, *conditions = name.split("|")
            if not isinstance(text, str) or head != whole or not set(among) <= set(conditions):
                continue
            conditions = [one for one in conditions if one not in among]
            others = [one for one in conditions if not one.startswith(f"{group}=")]
            if len(others) == len(conditions) or len(others) > 1:
                continue
            if not others or others[0] in (f"{column} known", f"{column} missing"):
                return True
            if others[0] == asked or (level is None and others[0].startswith(asked)):
                return True
        return False
