// The words the schema is written in: one builder per kind of field, each with its description and hints, and the type of a document whose defaults are filled in.
import { Type, type Static, type TOptional, type TSchema } from "typebox";

/** Hints beside the JSON Schema: `x-secret` is masked, `x-restart` needs a restart, `x-advanced` is folded away in forms. */
export interface Hints {
  "x-secret"?: true;
  "x-restart"?: true;
  "x-advanced"?: true;
  title?: string;
  default?: unknown;
  examples?: unknown[];
  minimum?: number;
  maximum?: number;
  pattern?: string;
}

/** Marks in the type that a field has a default, so that readers of a resolved document need no second one. */
type Carry<H> = H extends { default: infer D } ? { default: D } : unknown;

export const closed = { additionalProperties: false } as const;

/** Keeps the default visible to the type; the builders below are its only users. */
const carry = <S extends TSchema, H>(schema: S, _hints: H | undefined) => schema as S & Carry<H>; // TypeBox spreads options into the schema without keeping their type

export const object = <P extends Record<string, TSchema>>(properties: P, description: string, hints: Omit<Hints, "default"> = {}) =>
  Type.Optional(Type.Object(properties, { ...closed, description, ...hints }));
export const text = <const H extends Hints>(description: string, hints?: H) => carry(Type.Optional(Type.String({ description, ...hints })), hints);
export const flag = <const H extends Hints>(description: string, hints?: H) => carry(Type.Optional(Type.Boolean({ description, ...hints })), hints);
export const whole = <const H extends Hints>(description: string, hints?: H) => carry(Type.Optional(Type.Integer({ minimum: 0, description, ...hints })), hints);
export const number = <const H extends Hints>(description: string, hints?: H) => carry(Type.Optional(Type.Number({ minimum: 0, description, ...hints })), hints);
export const texts = <const H extends Hints>(description: string, hints?: H) => carry(Type.Optional(Type.Array(Type.String(), { description, ...hints })), hints);
export const list = <S extends TSchema>(items: S, description: string) => Type.Optional(Type.Array(items, { description }));
export const record = <S extends TSchema>(value: S, description: string, hints: Omit<Hints, "default"> = {}) => Type.Optional(Type.Record(Type.String(), value, { description, ...hints }));
/** Keys and values that belong to someone else (a provider's dialect, an extension's own section). */
export const free = (description: string, hints: Omit<Hints, "default"> = {}) => record(Type.Unknown(), description, hints);
export const choice = <const V extends string[], const H extends Hints>(values: [...V], description: string, hints?: H) =>
  carry(Type.Optional(Type.Unsafe<V[number]>(Type.Union(values.map((value) => Type.Literal(value)), { description, ...hints }))), hints); // told outright: the type of a union cannot be computed from a list

/** A secret value: the text itself, `${ENV}`, a reference into the vault `{ secret: "name" }`, or a named variable as newer files of OpenClaw write it. */
export const secretValue = Type.Union([
  Type.String(),
  Type.Object({ secret: Type.String({ description: "Name in the vault." }) }, closed),
  Type.Object({ source: Type.Literal("env", { description: "Only the environment is read." }), provider: Type.Optional(Type.String({ description: "Accepted and ignored." })), id: Type.String({ description: "Name of the environment variable." }) }, closed),
]);
export type SecretValue = Static<typeof secretValue>;
export const secret = (description: string) => Type.Optional(Type.Unsafe<SecretValue>({ ...secretValue, description, "x-secret": true }));

/** TObject by its shape: the general type asks more of `required` than a particular object has. */
type Shape<P = unknown> = { "~kind": "Object"; properties: P };
type Present<S> = S extends { default: unknown } ? true : S extends Shape ? true : S extends TOptional ? false : true;
type Plain<T> = { [K in keyof T]: T[K] };

/** What a document of schema `S` is once defaults are filled in: every section and every field with a default is there. */
export type Resolved<S> = S extends Shape<infer P>
  ? Plain<{ [K in keyof P as Present<P[K]> extends true ? K : never]: Resolved<P[K]> } & { [K in keyof P as Present<P[K]> extends true ? never : K]?: Resolved<P[K]> }>
  : S extends TSchema
    ? Static<S>
    : never;
