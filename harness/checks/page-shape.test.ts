import { expect, test } from 'vitest'
import type { Answer } from './ask.ts'
import { differenceFrom } from './page-shape.ts'

const page = (type: string, body: string, status = 200): Answer => ({
  status,
  headers: { 'content-type': type },
  body,
  version: undefined,
  instanceId: undefined,
})
const json = (value: unknown): Answer => page('application/json', JSON.stringify(value))

test('JSON of the same fields is the same page whatever its values', () => {
  expect(
    differenceFrom(
      json({ service: 'orders', version: '1' }),
      json({ service: 'orders', version: '2', more: 1 }),
    ),
  ).toBe(undefined)
})

test('JSON that lacks a field, or has it of another type, differs and says which', () => {
  expect(differenceFrom(json({ a: { b: 1 } }), json({ a: {} }))).toBe('field a.b is missing')
  expect(differenceFrom(json({ a: { b: 1 } }), json({ a: { b: 'x' } }))).toBe(
    'a.b is string instead of number',
  )
})

test('another content type is another page, and a part of it is shown', () => {
  expect(differenceFrom(json({}), page('text/html; charset=utf-8', '<h1>It works!</h1>'))).toBe(
    'text/html instead of application/json: "<h1>It works!</h1>"',
  )
})

test('a text may change in part, but not for the most part', () => {
  const shop = page('text/html', '<title>Orders</title><h1>Your orders today</h1> version 1.0.0 id a1b2')
  const next = page('text/html', '<title>Orders</title><h1>Your orders</h1> version 2.0.0 id c3d4')
  const server = page('text/html', '<!doctype html><h1>Welcome to nginx</h1>')
  expect(differenceFrom(shop, next)).toBe(undefined)
  expect(differenceFrom(shop, server)).toMatch(/words are there/)
})

test('another status differs', () => {
  expect(differenceFrom(json({}), page('application/json', '{}', 302))).toBe('status 302 instead of 200')
})
