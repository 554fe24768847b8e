"""Execute docs/tour.ipynb and keep its outputs: `pip install -r requirements/tour.txt` first."""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

TOUR = Path("docs/tour.ipynb")

notebook = nbformat.read(TOUR, as_version=4)
place = {"metadata": {"path": TOUR.parent}}
NotebookClient(notebook, resources=place, coalesce_streams=True, record_timing=False).execute()
nbformat.write(notebook, TOUR)
print(f"tour: executed {TOUR}")
