#!/usr/bin/env bash
# What is recorded: the first minutes of a newcomer, in one terminal. Started by scripts/record.sh,
# in an empty directory, with the program in the PATH.
set -euo pipefail

# Types a command as a person would, word by word, and runs it: $1 is the command, $2 the pause after it
# and $3 the code that it is to end with.
try() {
  printf '\033[1;32m$\033[0m'
  local word code=0
  for word in $1; do
    printf ' %s' "$word"
    sleep 0.15
  done
  sleep 0.4
  printf '\n'
  eval "$1" || code=$?
  [ "$code" -eq "${3:-0}" ]
  sleep "${2:-1.5}"
}

say() {
  printf '\033[2m# %s\033[0m\n' "$1"
  sleep 0.8
}

say 'a secret, and a receiver'
try 'gemini-webhooks secret new --secret-file secret' 0.5
try 'gemini-webhooks listen --secret-file secret &'
receiver=$!
say 'be Gemini: sign an event and post it'
try 'gemini-webhooks send http://127.0.0.1:8000/ --secret-file secret' 2
say 'break something: a framework parses the body and writes it again'
try 'gemini-webhooks send http://127.0.0.1:8000/ --secret-file secret --tamper rewritten-body' 4 1
say 'a replay, ten minutes later'
try 'gemini-webhooks send http://127.0.0.1:8000/ --secret-file secret --age 10m' 4 1
say 'what is refused is explained here alone: the sender learns nothing but 400'
sleep 4
kill "$receiver"
printf '\n'
