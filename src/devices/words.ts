// Six words that two people, or one person with two screens, can compare: 48 bits of a hash.
import { createHash } from "node:crypto";

const list = (
  "acid acorn actor agent alarm album alley amber angle ankle apple april apron arena armor arrow aspen atlas attic autumn bacon badge bagel baker bamboo banjo barn basin basket beach beacon beard " +
  "bench berry birch bison blanket blossom board boat bonus book bottle boulder bowl bracket branch brass bread breeze brick bridge bronze brook brush bucket butter cabin cactus camel camera canal candle canoe canyon " +
  "carbon cargo carpet carrot castle cedar cello chalk cherry chess circle citrus clay cliff clock cloud clover coast cobalt coconut coffee comet copper coral cotton crane crater crayon creek cricket crystal curtain daisy " +
  "dancer delta denim desert diamond dolphin domino donkey dragon drum eagle earth easel echo eclipse elbow ember engine falcon feather fern ferry fiddle field finch flame flute forest fossil fountain fox frost galaxy " +
  "garden garlic ginger glacier globe goat grape gravel guitar hammer harbor harvest hazel helmet heron hill honey horizon hotel igloo indigo island ivory jacket jaguar jasmine jelly jigsaw jungle kettle kitten koala ladder " +
  "lagoon lamp lantern lava lemon lily linen lion lizard llama lobster lotus magnet mango maple marble meadow melon meteor mirror monkey moon moss mountain mushroom mustard needle nickel noodle oasis ocean olive onion orbit " +
  "orchid otter owl oyster paddle palm panda paper parrot pebble pelican pencil pepper piano pigeon pilot pine planet plum pocket pond poppy prism puddle pumpkin quartz quilt rabbit radar radio raven ribbon river " +
  "robin rocket saddle salmon sapphire silver sparrow spinach spiral spruce squid statue sugar summit sunset teapot temple thistle thunder tiger timber tomato tulip tunnel turtle umbrella valley velvet violin walnut window zebra"
).split(" ");

/** How many words the list has; a byte of the hash picks one. */
export const wordCount = list.length;

/** The same six words for the same text. */
export function pairingWords(text: string): string {
  const bytes = createHash("sha256").update(text).digest();
  return Array.from({ length: 6 }, (_, index) => list[bytes[index] ?? 0]).join(" ");
}
