"""All faults by name."""

from tests.faults.catalog import append_only_files as faults_of_append_only_files
from tests.faults.catalog import large_keys as faults_of_large_keys
from tests.faults.catalog import networks as faults_of_networks
from tests.faults.catalog import nodes as faults_of_nodes
from tests.faults.catalog import plans as faults_of_plans
from tests.faults.catalog import pods as faults_of_pods
from tests.faults.catalog import processes as faults_of_processes
from tests.faults.catalog import resharding as faults_of_resharding
from tests.faults.catalog import secrets as faults_of_secrets
from tests.faults.catalog import surroundings as faults_of_surroundings
from tests.faults.catalog import volumes as faults_of_volumes
from tests.faults.catalog.fault import Fault

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for module in (
        faults_of_processes,
        faults_of_pods,
        faults_of_nodes,
        faults_of_networks,
        faults_of_volumes,
        faults_of_append_only_files,
        faults_of_surroundings,
        faults_of_resharding,
        faults_of_plans,
        faults_of_large_keys,
        faults_of_secrets,
    )
    for fault in module.FAULTS
}
