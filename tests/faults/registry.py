"""All faults by name."""

from tests.faults import (
    faults_of_networks,
    faults_of_nodes,
    faults_of_plans,
    faults_of_pods,
    faults_of_processes,
    faults_of_secrets,
    faults_of_volumes,
)
from tests.faults.fault import Fault

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for module in (
        faults_of_processes,
        faults_of_pods,
        faults_of_nodes,
        faults_of_networks,
        faults_of_volumes,
        faults_of_plans,
        faults_of_secrets,
    )
    for fault in module.FAULTS
}
