"""What people see of a cluster and its jobs: tables, frames, HTML, text and widgets, all made from the log of events.

Views take a log and plain values, never a job or a cluster, and change nothing.
"""
