// A stand-in for actions/github-script: node github.js SCRIPT COMMENTS prints, as JSON, what SCRIPT asks GitHub for.
const fs = require('fs')
const run = {
  head_repository: { owner: { login: 'she' } }, head_branch: 'faster', head_sha: 'abc', html_url: 'URL',
}
const context = { repo: { owner: 'us', repo: 'model' }, payload: { workflow_run: run } }
const comments = JSON.parse(process.argv[3])
const pulls = [{ number: 6, head: { sha: 'old' } }, { number: 7, head: { sha: 'abc' } }]
const done = []
const note = kind => async options => {
  done.push([kind, options])
  return { data: pulls }
}
const issues = { createComment: note('create'), updateComment: note('update') }
const github = { paginate: async () => comments, rest: { pulls: { list: note('list') }, issues } }
const AsyncFunction = (async () => {}).constructor
const script = new AsyncFunction('github', 'context', 'require', fs.readFileSync(process.argv[2], 'utf8'))
script(github, context, require).then(() => console.log(JSON.stringify(done)))
