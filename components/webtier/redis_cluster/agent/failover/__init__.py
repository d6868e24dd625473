"""Which replica becomes master next: failover candidates, fast failover, and the hand-over of a pod that stops."""
