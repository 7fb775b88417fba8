"""The report of a run, in numbers and as pages: values in, values and text out."""
