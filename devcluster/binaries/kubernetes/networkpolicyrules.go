package main

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const rulesTable = "webtier-network-policies"

// A comment of nftables holds 128 bytes.
const longestComment = 120

// clusterView is what the rules of one node are made from.
type clusterView struct {
	node       string
	pods       []*corev1.Pod
	namespaces []*corev1.Namespace
	policies   []*networkingv1.NetworkPolicy
}

// direction is one side of a policy, with nftables' words for it: the address of the other end of a connection,
// and the address of the pod that the policy selects.
type direction struct {
	policyType networkingv1.PolicyType
	name       string
	other, own string
}

var (
	ingress = direction{networkingv1.PolicyTypeIngress, "ingress", "saddr", "daddr"}
	egress  = direction{networkingv1.PolicyTypeEgress, "egress", "daddr", "saddr"}
)

// ruleset is the node's whole table for `nft -f`, the same text for the same objects.
//
// Each pod that a policy isolates has a chain for that direction: it returns what a policy allows and drops the
// rest. Only the direction in which a connection was opened is judged, at each of its packets, so that a new
// policy also ends connections that are older. Connections that the node itself opens are never judged: kubelet's
// probes must work. The addresses are those after kube-proxy's translation: of pods, not of Services.
func (view *clusterView) ruleset() (string, error) {
	addresses := view.podAddresses()
	var chains strings.Builder
	jumps := map[string][]string{}
	for _, address := range slices.SortedFunc(maps.Keys(addresses), netip.Addr.Compare) {
		pod := addresses[address]
		if pod.Spec.NodeName != view.node {
			continue
		}
		for _, way := range []direction{ingress, egress} {
			lines, err := view.chain(way, pod, address, addresses)
			if err != nil {
				return "", err
			}
			if lines == nil {
				continue
			}
			name := fmt.Sprintf("%s-%s", way.name, address)
			fmt.Fprintf(&chains, "  chain %s {\n    %s\n  }\n", name, strings.Join(lines, "\n    "))
			jumps[way.name] = append(jumps[way.name], fmt.Sprintf("%s : jump %s", address, name))
		}
	}
	hook := func(name string, ways ...direction) string {
		lines := []string{
			fmt.Sprintf("type filter hook %s priority filter; policy accept;", name),
			"ct direction reply accept",
			"ct state related accept",
		}
		for _, way := range ways {
			if found := jumps[way.name]; found != nil {
				lines = append(lines, fmt.Sprintf("ip %s vmap { %s }", way.own, strings.Join(found, ", ")))
			}
		}
		return fmt.Sprintf("  chain %s {\n    %s\n  }\n", name, strings.Join(lines, "\n    "))
	}
	// `delete` fails where there is no table: `add` first makes sure that there is one.
	return fmt.Sprintf("add table ip %[1]s\ndelete table ip %[1]s\ntable ip %[1]s {\n%[2]s%[3]s%[4]s}\n",
		rulesTable, chains.String(), hook("forward", egress, ingress), hook("input", egress)), nil
}

// podAddresses are the pods that have a network of their own, by their IPv4 address.
//
// After a power cut the records of two pods can hold the same address for a moment: it is the newer one's.
func (view *clusterView) podAddresses() map[netip.Addr]*corev1.Pod {
	result := map[netip.Addr]*corev1.Pod{}
	for _, pod := range view.pods {
		if pod.Spec.HostNetwork || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		for _, ip := range pod.Status.PodIPs {
			address, err := netip.ParseAddr(ip.IP)
			if err != nil || !address.Is4() {
				continue
			}
			if known := result[address]; known == nil || known.CreationTimestamp.Before(&pod.CreationTimestamp) {
				result[address] = pod
			}
		}
	}
	return result
}

// chain is the lines of one pod's chain, or nil when no policy isolates it in this direction.
func (view *clusterView) chain(
	way direction, pod *corev1.Pod, address netip.Addr, addresses map[netip.Addr]*corev1.Pod,
) ([]string, error) {
	isIsolated := false
	// A pod always reaches itself.
	lines := []string{fmt.Sprintf("ip %s %s return", way.other, address)}
	for _, policy := range view.sortedPolicies() {
		if policy.Namespace != pod.Namespace || !slices.Contains(policy.Spec.PolicyTypes, way.policyType) {
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
		if err != nil {
			return nil, fmt.Errorf("NetworkPolicy %s/%s: %w", policy.Namespace, policy.Name, err)
		}
		if !selector.Matches(labels.Set(pod.Labels)) {
			continue
		}
		isIsolated = true
		for _, rule := range rulesOf(way, policy) {
			allowed, err := view.allowed(way, policy.Namespace, rule, pod, addresses)
			if err != nil {
				return nil, fmt.Errorf("NetworkPolicy %s/%s: %w", policy.Namespace, policy.Name, err)
			}
			for _, match := range allowed {
				lines = append(lines, strings.TrimSpace(match+" return"))
			}
		}
	}
	if !isIsolated {
		return nil, nil
	}
	comment := fmt.Sprintf("%s/%s", pod.Namespace, pod.Name)
	return append(lines, fmt.Sprintf("counter drop comment %q", comment[:min(len(comment), longestComment)])), nil
}

func (view *clusterView) sortedPolicies() []*networkingv1.NetworkPolicy {
	return slices.SortedFunc(slices.Values(view.policies), func(a, b *networkingv1.NetworkPolicy) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
}

// policyRule is an ingress or an egress rule of a policy.
type policyRule struct {
	peers []networkingv1.NetworkPolicyPeer
	ports []networkingv1.NetworkPolicyPort
}

func rulesOf(way direction, policy *networkingv1.NetworkPolicy) []policyRule {
	var result []policyRule
	if way.policyType == networkingv1.PolicyTypeIngress {
		for _, rule := range policy.Spec.Ingress {
			result = append(result, policyRule{rule.From, rule.Ports})
		}
		return result
	}
	for _, rule := range policy.Spec.Egress {
		result = append(result, policyRule{rule.To, rule.Ports})
	}
	return result
}

// allowed is what one rule allows to or from the pod, as matches of nftables; an empty match allows everything.
func (view *clusterView) allowed(
	way direction, namespace string, rule policyRule, pod *corev1.Pod, addresses map[netip.Addr]*corev1.Pod,
) ([]string, error) {
	// The names of ports are those of the connection's destination: this pod, or each of its peers.
	destination := func(peer *corev1.Pod) *corev1.Pod {
		if way.policyType == networkingv1.PolicyTypeIngress {
			return pod
		}
		return peer
	}
	var result []string
	add := func(address string, ports []string) {
		for _, port := range ports {
			result = append(result, strings.TrimSpace(address+" "+port))
		}
	}
	peers := rule.peers
	if len(peers) == 0 {
		peers = []networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: "0.0.0.0/0"}}}
	}
	for _, peer := range peers {
		var pods []netip.Addr
		if peer.IPBlock == nil {
			var err error
			if pods, err = view.selected(namespace, peer, addresses); err != nil {
				return nil, err
			}
		} else {
			block, isIPv4 := parseBlock(peer.IPBlock)
			if !isIPv4 {
				continue
			}
			add(block.match(way), portMatches(rule.ports, destination(nil)))
			// Only pods have named ports, also those that a block holds.
			if way.policyType == networkingv1.PolicyTypeEgress && hasNamedPort(rule.ports) {
				pods = slices.SortedFunc(maps.Keys(addresses), netip.Addr.Compare)
				pods = slices.DeleteFunc(pods, func(address netip.Addr) bool { return !block.contains(address) })
			}
		}
		byPort := map[string][]string{}
		for _, address := range pods {
			for _, port := range portMatches(rule.ports, destination(addresses[address])) {
				byPort[port] = append(byPort[port], address.String())
			}
		}
		for _, port := range slices.Sorted(maps.Keys(byPort)) {
			add(fmt.Sprintf("ip %s { %s }", way.other, strings.Join(byPort[port], ", ")), []string{port})
		}
	}
	return result, nil
}

// selected are the addresses of the pods that a peer with selectors means, in order.
func (view *clusterView) selected(
	namespace string, peer networkingv1.NetworkPolicyPeer, addresses map[netip.Addr]*corev1.Pod,
) ([]netip.Addr, error) {
	podSelector := labels.Everything()
	if peer.PodSelector != nil {
		var err error
		if podSelector, err = metav1.LabelSelectorAsSelector(peer.PodSelector); err != nil {
			return nil, err
		}
	}
	namespaces := map[string]bool{namespace: true}
	if peer.NamespaceSelector != nil {
		selector, err := metav1.LabelSelectorAsSelector(peer.NamespaceSelector)
		if err != nil {
			return nil, err
		}
		clear(namespaces)
		for _, candidate := range view.namespaces {
			namespaces[candidate.Name] = selector.Matches(labels.Set(candidate.Labels))
		}
	}
	var result []netip.Addr
	for address, pod := range addresses {
		if namespaces[pod.Namespace] && podSelector.Matches(labels.Set(pod.Labels)) {
			result = append(result, address)
		}
	}
	slices.SortFunc(result, netip.Addr.Compare)
	return result, nil
}

// block is an ipBlock of IPv4.
type block struct {
	cidr  netip.Prefix
	holes []netip.Prefix
}

// parseBlock is false for a block of IPv6, which this cluster's pods don't have.
func parseBlock(given *networkingv1.IPBlock) (block, bool) {
	cidr, err := netip.ParsePrefix(given.CIDR)
	if err != nil || !cidr.Addr().Is4() {
		return block{}, false
	}
	result := block{cidr: cidr.Masked()}
	for _, except := range given.Except {
		if hole, err := netip.ParsePrefix(except); err == nil {
			result.holes = append(result.holes, hole.Masked())
		}
	}
	return result, true
}

func (b block) contains(address netip.Addr) bool {
	isInHole := slices.ContainsFunc(b.holes, func(hole netip.Prefix) bool { return hole.Contains(address) })
	return b.cidr.Contains(address) && !isInHole
}

// match is "" for the block that holds every address.
func (b block) match(way direction) string {
	var matches []string
	if b.cidr.Bits() > 0 {
		matches = append(matches, fmt.Sprintf("ip %s %s", way.other, b.cidr))
	}
	for _, hole := range b.holes {
		matches = append(matches, fmt.Sprintf("ip %s != %s", way.other, hole))
	}
	return strings.Join(matches, " ")
}

func hasNamedPort(ports []networkingv1.NetworkPolicyPort) bool {
	return slices.ContainsFunc(ports, func(port networkingv1.NetworkPolicyPort) bool {
		return port.Port != nil && port.Port.Type == intstr.String
	})
}

// portMatches are matches for a rule's ports, of which one must be met; "" is met by every packet.
//
// `destination` is the pod that the connection leads to, nil for what is no pod: that has no names for its ports.
func portMatches(ports []networkingv1.NetworkPolicyPort, destination *corev1.Pod) []string {
	if len(ports) == 0 {
		return []string{""}
	}
	var result []string
	for _, port := range ports {
		protocol := corev1.ProtocolTCP
		if port.Protocol != nil {
			protocol = *port.Protocol
		}
		word := strings.ToLower(string(protocol))
		switch {
		case port.Port == nil:
			result = append(result, "meta l4proto "+word)
		case port.Port.Type == intstr.String:
			for _, number := range portsNamed(destination, port.Port.StrVal, protocol) {
				result = append(result, fmt.Sprintf("%s dport %d", word, number))
			}
		case port.EndPort != nil && *port.EndPort > port.Port.IntVal:
			result = append(result, fmt.Sprintf("%s dport %d-%d", word, port.Port.IntVal, *port.EndPort))
		default:
			result = append(result, fmt.Sprintf("%s dport %d", word, port.Port.IntVal))
		}
	}
	slices.Sort(result)
	return slices.Compact(result)
}

func portsNamed(pod *corev1.Pod, name string, protocol corev1.Protocol) []int32 {
	if pod == nil {
		return nil
	}
	var result []int32
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		for _, port := range container.Ports {
			if port.Name == name && cmp.Or(port.Protocol, corev1.ProtocolTCP) == protocol {
				result = append(result, port.ContainerPort)
			}
		}
	}
	return result
}
