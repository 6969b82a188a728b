"""Candidate alliance-rupture markers in psychotherapy transcripts, for people to code.

The machine suggests; people decide. A flag is a candidate with its evidence, never a verdict, and nothing
here is for clinical decisions.
"""

__version__ = "0.1.0"
