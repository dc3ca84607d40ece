"""The words of the synthetic titles: topics and styles.

Many topics that follow each other are close in meaning, so a title "of a neighbouring
topic" is a plausible mistake. A title is a pattern of its style whose gaps are filled
with topic words.
"""

TOPICS: dict[str, str] = {
    "cooking": "recipe pasta garlic curry soup stew noodles sauce spices skillet "
    "roast dinner chef kitchen risotto dumplings",
    "baking": "bread sourdough cake cookies pastry dough oven croissant frosting "
    "muffins flour cinnamon brownies pie meringue bakery",
    "coffee": "espresso latte barista coffee beans grinder roaster cappuccino brew "
    "caffeine mocha cafe aroma crema kettle macchiato",
    "gardening": "tomato seeds compost roses pruning soil greenhouse lawn tulips "
    "seedlings garden orchard mulch herbs watering vegetable",
    "camping": "tent campfire hiking backpack trail forest wilderness lantern "
    "sleepover summit canoe hammock ranger firewood bushcraft cabin",
    "fishing": "trout bass lure angler tackle fishing carp bait reel salmon pier "
    "fisherman catfish hook lake boat",
    "sailing": "yacht regatta sailboat harbor anchor mast catamaran skipper knots "
    "ocean deck marina rigging spinnaker keel voyage",
    "travel": "airport passport hotel itinerary island tourist luggage hostel museum "
    "flight backpacking beach sightseeing visa train souvenir",
    "aviation": "pilot cockpit airplane runway landing jet helicopter boeing glider "
    "turbulence takeoff hangar airshow propeller airline altitude",
    "cars": "engine turbo horsepower sedan garage drift supercar exhaust gearbox "
    "tires dashboard convertible mechanic diesel racetrack ferrari",
    "cycling": "bicycle peloton derailleur pedals cyclist handlebar velodrome gravel "
    "helmet saddle singletrack sprint wheelset climb commute tandem",
    "football": "goalkeeper striker penalty midfielder dribble league stadium "
    "offside soccer football freekick defender transfer worldcup derby champions",
    "basketball": "dunk rebound pivot basketball hoop playoffs slamdunk "
    "crossover overtime jumpshot layup backboard assist court draft nba",
    "fitness": "squat deadlift workout muscles cardio gym protein dumbbell plank "
    "pushups stretching treadmill biceps kettlebell warmup abs",
    "yoga": "meditation breathing yoga mindfulness asana pose flexibility lotus "
    "pilates chakra relaxation stillness mantra posture calm retreat",
    "makeup": "lipstick mascara eyeliner foundation skincare concealer blush palette "
    "eyebrow moisturizer serum glitter contour nails perfume glow",
    "fashion": "dress catwalk sneakers denim jacket outfit handbag wardrobe tailor "
    "vintage silk streetwear designer scarf boots jewelry",
    "sewing": "knitting crochet yarn needle fabric quilt embroidery stitch pattern "
    "wool thimble thread buttons hem patchwork loom",
    "painting": "watercolor canvas brush sketch portrait acrylic easel pigment "
    "landscape gallery charcoal mural drawing brushwork artist fresco",
    "guitar": "chords guitar riff amplifier fretboard solo acoustic strings bassline "
    "fingerpicking pedalboard blues strumming band tuning capo",
    "piano": "sonata piano concerto orchestra violin chopin keyboard arpeggio mozart "
    "symphony conductor scales prelude cello opera recital",
    "gaming": "speedrun bossfight console minecraft controller esports quest loot "
    "multiplayer joystick respawn arcade dungeon gamer zelda pixel",
    "computers": "laptop processor linux ethernet python server firmware "
    "programming database motherboard software debugging router algorithm chip code",
    "astronomy": "telescope galaxy planet comet nebula rocket astronaut orbit mars "
    "eclipse moon blackhole satellite meteor jupiter starlight",
}

STYLES: dict[str, tuple[str, ...]] = {
    "lesson": (
        "How to master {} {} and {}",
        "Easy {} {} guide for beginners",
        "Learn {} and {} with simple tips",
        "{} {} basics explained step by step",
        "First lesson in {} {} {}",
        "Five {} {} mistakes beginners make",
    ),
    "review": (
        "Honest {} {} review before buying",
        "Cheap versus expensive {} {} tested",
        "Is this {} {} worth the money",
        "We compared ten {} and {} brands",
        "Best budget {} {} {}",
        "{} {} unboxing and first impressions",
    ),
    "highlights": (
        "Greatest {} {} moments of the year",
        "Incredible {} {} {} compilation",
        "Watch this insane {} {} record",
        "Wild {} finish stuns {} fans",
        "Epic {} {} fails and wins",
        "World's craziest {} {} challenge",
    ),
    "story": (
        "The forgotten history of {} {}",
        "A quiet day with {} and {}",
        "Behind the scenes of {} {} {}",
        "My childhood memories of {} {}",
        "Inside the secret world of {} {}",
        "Why grandfather loved {} and {}",
    ),
}

TOPIC_WORDS: tuple[tuple[str, ...], ...] = tuple(
    tuple(words.split()) for words in TOPICS.values()
)
STYLE_PATTERNS: tuple[tuple[str, ...], ...] = tuple(STYLES.values())
