// Decides one request a line: a Simulation as JSON in, `true` or `false` out. The checked entry takes session policies,
// the other one context keys that AWS gives to other actions only.
import { createInterface } from 'node:readline'
import { runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'

async function result(simulation) {
  if (!simulation.sessionPolicy) return runUnsafeSimulation(simulation, {})
  const answer = await runSimulation(simulation, {})
  if (!answer.overallResult) throw new Error(JSON.stringify(answer))
  return answer.overallResult
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log((await result(JSON.parse(line))) === 'Allowed')
}
