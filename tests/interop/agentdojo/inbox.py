"""AgentDojo's inbox, as JSON: each email with the attacks that its suite puts into mails. Runs in an environment of its
own, so nothing of ours is imported."""

import json

from agentdojo.agent_pipeline.base_pipeline_element import BasePipelineElement
from agentdojo.attacks.attack_registry import load_attack
from agentdojo.task_suite.load_suites import get_suite

ATTACKS = ("direct", "ignore_previous", "system_message", "injecagent")


class NoPipeline(BasePipelineElement):
    """Attacks want to know what they attack, and these do not use it: what comes in goes out."""

    name = "none"

    def query(self, query, runtime, env, messages, extra_args):  # type: ignore[no-untyped-def]
        return query, runtime, env, messages, extra_args


def main() -> None:
    suite = get_suite("v1.2.2", "workspace")
    templates = [load_attack(name, suite, NoPipeline()).jailbreak for name in ATTACKS]
    goals = [task.GOAL for task in suite.injection_tasks.values()]
    attacks = [template.format(goal=goal) for template in templates for goal in goals]
    vectors = [name for name in suite.get_injection_vector_defaults() if name.startswith("email_")]
    # As many inboxes as it takes for each attack to be in one.
    inboxes = []
    for begin in range(0, len(attacks), len(vectors)):
        injected = dict(zip(vectors, attacks[begin:], strict=False))
        environment = suite.load_and_inject_default_environment(injected)
        emails = [email.model_dump(mode="json") for email in environment.inbox.emails.values()]
        inboxes.append({"emails": emails, "attacks": list(injected.values())})
    print(json.dumps(inboxes))


main()
