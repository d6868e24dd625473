"""The rules of the policy pack: plain functions of a resource's inputs, which need no Pulumi to be tried."""
