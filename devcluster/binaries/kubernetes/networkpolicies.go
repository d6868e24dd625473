package main

import (
	"context"
	"fmt"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

const (
	// Somebody who empties the node's nftables gets the rules back after this time.
	reapplyEvery = time.Minute
	applyTries   = 5
)

// newNetworkPoliciesCommand makes the daemon that enforces NetworkPolicy objects on one node.
//
// The rules are in the kernel: they hold while the daemon or the API server is down. When the kernel refuses
// rules, the daemon ends, so that nobody takes the policies for enforced.
func newNetworkPoliciesCommand() *cobra.Command {
	var kubeconfig, node string
	command := &cobra.Command{
		Use:          "network-policies",
		Short:        "Enforces NetworkPolicy objects for the pods of one node, with nftables",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return enforceNetworkPolicies(ctx, kubeconfig, node)
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "path of the kubeconfig")
	command.Flags().StringVar(&node, "node", "", "name of the node that this runs on")
	for _, name := range []string{"kubeconfig", "node"} {
		if err := command.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return command
}

func enforceNetworkPolicies(ctx context.Context, kubeconfig, node string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	pods, namespaces := factory.Core().V1().Pods(), factory.Core().V1().Namespaces()
	policies := factory.Networking().V1().NetworkPolicies()

	changed := make(chan struct{}, 1)
	notify := func(any) {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    notify,
		UpdateFunc: func(_, now any) { notify(now) },
		DeleteFunc: notify,
	}
	for _, informer := range []cache.SharedIndexInformer{pods.Informer(), namespaces.Informer(), policies.Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	// Rules from half of the objects would let through, or stop, what the other half decides.
	for kind, isComplete := range factory.WaitForCacheSync(ctx.Done()) {
		if !isComplete {
			return fmt.Errorf("ended before the first list of %v", kind)
		}
	}

	applied, isDue := "", true
	reapply := time.NewTicker(reapplyEvery)
	defer reapply.Stop()
	for {
		now := clusterView{node: node}
		if now.pods, err = pods.Lister().List(labels.Everything()); err != nil {
			return err
		}
		if now.namespaces, err = namespaces.Lister().List(labels.Everything()); err != nil {
			return err
		}
		if now.policies, err = policies.Lister().List(labels.Everything()); err != nil {
			return err
		}
		ruleset, err := now.ruleset()
		if err != nil {
			return err
		}
		if isDue || ruleset != applied {
			if err := applyRuleset(ctx, ruleset); err != nil {
				return err
			}
		}
		if ruleset != applied {
			klog.InfoS("Applied new rules", "policies", len(now.policies), "lines", strings.Count(ruleset, "\n"))
		}
		applied, isDue = ruleset, false
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-reapply.C:
			isDue = true
		}
	}
}

// applyRuleset replaces the whole table in one transaction: no packet sees half of it.
func applyRuleset(ctx context.Context, ruleset string) error {
	var problem error
	for range applyTries {
		nft := exec.CommandContext(ctx, "nft", "-f", "-")
		nft.Stdin = strings.NewReader(ruleset)
		output, err := nft.CombinedOutput()
		if err == nil {
			return nil
		}
		problem = fmt.Errorf("nft: %w: %s", err, output)
		klog.ErrorS(problem, "The kernel did not take the rules")
		select {
		case <-ctx.Done():
			return problem
		case <-time.After(time.Second):
		}
	}
	return fmt.Errorf("after %d tries: %w; the rules were:\n%s", applyTries, problem, ruleset)
}
