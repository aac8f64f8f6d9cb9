"""Reports that ship, as files; see :mod:`jobs.report.described`."""
