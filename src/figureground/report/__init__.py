"""What a person looks at: report.html, the contact sheets of the catalog, and a picture of a few samples.

write_report(dataset)                 DATASET/report.html; rewrite_report: of a finished one, held meanwhile
write_contact_sheets(store, catalog)  catalog/Background.jpg, Foreground.jpg, Mask.jpg and, with floors, Floor.jpg
sample_sheet(dataset, n)              n sample rows as one RGB array
"""

from __future__ import annotations

from figureground.report.page import rewrite_report, write_report
from figureground.report.sheet import contact_sheet, sample_sheet, write_contact_sheets

__all__ = ["contact_sheet", "rewrite_report", "sample_sheet", "write_contact_sheets", "write_report"]
