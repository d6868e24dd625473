"""Who is master next: candidates, fast failover, and the hand-over of a pod that ends."""
